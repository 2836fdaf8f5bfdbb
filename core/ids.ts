import { validate } from 'uuid'

declare const brand: unique symbol
type Brand<T, Name extends string> = T & { readonly [brand]: Name }

/** UUID of an organisation: the unit of isolation. No query, key or message exists without one. */
export type TenantId = Brand<string, 'TenantId'>
/** UUID of a graph; unique across tenants, always used together with its tenant. */
export type GraphId = Brand<string, 'GraphId'>

export const tenantId = (value: string): TenantId => uuid(value) as TenantId
export const graphId = (value: string): GraphId => uuid(value) as GraphId

export function isUuid(value: string): boolean {
  return validate(value)
}

function uuid(value: string): string {
  if (!validate(value)) throw new TypeError(`an id must be a UUID, got ${JSON.stringify(value)}`)
  return value.toLowerCase()
}
