import { isAllowed, type Permission } from '../../core/auth/permissions.ts'
import { AppError, notFound } from '../../core/errors.ts'
import type { Access, Principal } from '../../db/queries/access.ts'
import type { Context, GraphContext, TenantContext } from '../context.ts'

/**
 * An operation of a tenant. The checks stand here and nowhere else: there is no other way to get a
 * `TenantContext`, so no route or protocol can forget them.
 */
export function tenantOperation<Input, Output>(
  permission: Permission,
  run: (context: TenantContext, input: Input) => Promise<Output>,
): (context: Context, input: Input) => Promise<Output> {
  return (context, input) => {
    try {
      const { principal } = authorise(context, permission)
      return run({ ...context, principal }, input)
    } catch (error) {
      return Promise.reject(error)
    }
  }
}

/** An operation on one graph of the tenant: the graph that the request names. */
export function graphOperation<Input, Output>(
  permission: Permission,
  run: (context: GraphContext, input: Input) => Promise<Output>,
): (context: Context, input: Input) => Promise<Output> {
  return (context, input) => {
    try {
      const { principal, graph } = authorise(context, permission)
      if (!graph) throw notFound('this graph')
      return run({ ...context, principal, graph }, input)
    } catch (error) {
      return Promise.reject(error)
    }
  }
}

function authorise({ access }: Context, permission: Permission): Access {
  if (!access) throw new AppError('unauthenticated', 'a valid API key or access token is required')
  const { principal } = access
  if (principal.tenantState !== 'active') {
    throw new AppError('forbidden', 'this tenant is suspended')
  }
  requirePermission(principal, permission)
  return access
}

/** Throws `forbidden`. For an operation whose permission depends on what it finds. */
export function requirePermission(
  { role, isOperator }: Pick<Principal, 'role' | 'isOperator'>,
  permission: Permission,
): void {
  if (!isAllowed(role, permission, true)) {
    throw new AppError('forbidden', `the role ${role} does not allow ${permission}`)
  }
  if (!isAllowed(role, permission, isOperator)) {
    throw new AppError('forbidden', `only the operator's tenant may ${permission}`)
  }
}
