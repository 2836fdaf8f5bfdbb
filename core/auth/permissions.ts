/** Everything that can be allowed. */
export const PERMISSIONS = [
  'graph.read',
  'graph.write',
  'graph.define',
  'graphs.manage',
  'consumers.manage',
  'keys.manage',
  'cache.manage',
  'history.erase',
  'invitations.manage',
] as const
export type Permission = (typeof PERMISSIONS)[number]

export const ROLES = ['owner', 'admin', 'writer', 'reader'] as const
export type Role = (typeof ROLES)[number]

const GRANTS: Readonly<Record<Role, readonly Permission[]>> = {
  owner: PERMISSIONS,
  admin: PERMISSIONS,
  writer: ['graph.read', 'graph.write'],
  reader: ['graph.read'],
}

/** What concerns the whole installation: no role allows it outside of the operator's tenant. */
const OF_THE_OPERATOR: readonly Permission[] = ['invitations.manage']

/** Whether `role` allows it in a tenant; `isOperator`: in that of whoever runs the installation. */
export function isAllowed(role: Role, permission: Permission, isOperator: boolean): boolean {
  return GRANTS[role].includes(permission) && (isOperator || !OF_THE_OPERATOR.includes(permission))
}

/** Whether somebody with `role` may hand out `granted`: never more than one's own. */
export function mayGrant(role: Role, granted: Role): boolean {
  return ROLES.indexOf(granted) >= ROLES.indexOf(role)
}

export function isRole(value: unknown): value is Role {
  return ROLES.some((role) => role === value)
}
