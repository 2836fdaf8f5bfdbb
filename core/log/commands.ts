import type { Json, JsonObject } from '../json.ts'

export type Kind = 'entity' | 'relationship'

/** A record named by its id, or by the id that it has in the system it came from. */
export type Ref = { readonly id: string } | { readonly externalId: string }

/** Degrees, WGS 84. */
export type Location = { readonly lat: number; readonly lon: number }

/** The part of a record that a write may change. A relationship has neither name nor location. */
export type Content = {
  readonly name: string | null
  readonly location: Location | null
  readonly properties: JsonObject
}

/** What a PATCH says: an absent field stays, `null` removes; properties by RFC 7396 (JSON merge patch). */
export type ContentPatch = {
  readonly name?: string | null
  readonly location?: Location | null
  readonly properties?: { readonly [key: string]: Json }
}

/**
 * `create` refuses what exists; `upsert` creates or replaces the record with that external id or,
 * where it has none, with that id.
 */
export type WriteEntity = {
  readonly kind: 'entity'
  readonly action: 'create' | 'upsert'
  /** Minted before the call, so that a repeated call names the same record (C3). */
  readonly id: string
  readonly externalId: string | null
  readonly type: string
  readonly content: Content
}

export type WriteRelationship = {
  readonly kind: 'relationship'
  readonly action: 'create' | 'upsert'
  readonly id: string
  readonly externalId: string | null
  readonly type: string
  readonly from: Ref
  readonly to: Ref
  readonly content: Content
}

export type Patch = {
  readonly kind: Kind
  readonly action: 'patch'
  readonly target: Ref
  readonly patch: ContentPatch
  /** The version the caller saw (`If-Match`); `null` means whatever it is now. */
  readonly ifVersion: number | null
}

export type Delete = {
  readonly kind: Kind
  readonly action: 'delete'
  readonly target: Ref
  readonly ifVersion: number | null
}

export type Command = WriteEntity | WriteRelationship | Patch | Delete

/** Most commands one request, and one group of requests, may hold. */
export const MAX_COMMANDS = 1_000

/** Deleting an entity takes its relationships along; beyond this many a job must do it (C6). */
export const MAX_CASCADE = 10_000
