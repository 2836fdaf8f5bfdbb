import { z } from '@hono/zod-openapi'
import {
  type Command,
  type Content,
  type ContentPatch,
  type Kind,
  MAX_COMMANDS,
  type Ref,
  type WriteEntity,
  type WriteRelationship,
} from '../../core/log/commands.ts'
import {
  ALWAYS,
  checkEnds,
  entityPatchFields,
  externalId,
  id,
  newEntityFields,
  newRelationshipFields,
  relationshipPatchFields,
} from './schemas.ts'

type Named = { id?: string | undefined; external_id?: string | undefined }

function checkTarget(value: Named, context: z.RefinementCtx): void {
  if ((value.id === undefined) === (value.external_id === undefined)) {
    context.addIssue({ code: 'custom', message: 'give either id or external_id', path: ['id'] })
  }
}

function checkUpsert(value: Named, context: z.RefinementCtx): void {
  if (value.id !== undefined || value.external_id !== undefined) return
  const message = 'is required (or id), so that a repeat finds the same record'
  context.addIssue({ code: 'custom', message, path: ['external_id'] })
}

const target = {
  id: id.optional(),
  external_id: externalId.optional(),
  if_version: z
    .int()
    .positive()
    .optional()
    .openapi({ description: 'The version the record must have, like If-Match.' }),
}

/** One command of a batch. */
const command = z.discriminatedUnion('action', [
  newEntityFields.extend({ action: z.literal('create_entity') }),
  newEntityFields.extend({ action: z.literal('upsert_entity') }).superRefine(checkUpsert, ALWAYS),
  entityPatchFields
    .extend({ action: z.literal('patch_entity'), ...target })
    .superRefine(checkTarget, ALWAYS),
  z
    .strictObject({ action: z.literal('delete_entity'), ...target })
    .superRefine(checkTarget, ALWAYS),
  newRelationshipFields
    .extend({ action: z.literal('create_relationship') })
    .superRefine(checkEnds, ALWAYS),
  newRelationshipFields
    .extend({ action: z.literal('upsert_relationship') })
    .superRefine(checkEnds, ALWAYS)
    .superRefine(checkUpsert, ALWAYS),
  relationshipPatchFields
    .extend({ action: z.literal('patch_relationship'), ...target })
    .superRefine(checkTarget, ALWAYS),
  z
    .strictObject({ action: z.literal('delete_relationship'), ...target })
    .superRefine(checkTarget, ALWAYS),
])

export const batch = z
  .strictObject({ commands: z.array(command).min(1).max(MAX_COMMANDS) })
  .openapi('Batch', {
    example: {
      commands: [
        { action: 'upsert_entity', type: 'airport', external_id: 'XYZ', name: 'New field' },
        {
          action: 'create_relationship',
          type: 'route',
          from_external_id: 'XYZ',
          to_external_id: 'ATL',
        },
      ],
    },
  })

/** Fields of an import's row that an export writes and a write decides itself. */
const decided = {
  version: z.unknown().optional(),
  created_at: z.unknown().optional(),
  updated_at: z.unknown().optional(),
}

/** One row of an import: what an export writes can be read again. */
export const importRow = z.discriminatedUnion('kind', [
  newEntityFields
    .extend({ kind: z.literal('entity'), external_id: externalId.nullish(), ...decided })
    .superRefine((row, context) => checkUpsert(withoutNull(row), context), ALWAYS),
  newRelationshipFields
    .extend({ kind: z.literal('relationship'), external_id: externalId.nullish(), ...decided })
    .superRefine(checkEnds, ALWAYS)
    .superRefine((row, context) => checkUpsert(withoutNull(row), context), ALWAYS),
])

function withoutNull(row: {
  id?: string | undefined
  external_id?: string | null | undefined
}): Named {
  return { id: row.id, external_id: row.external_id ?? undefined }
}

type NewId = () => string

export function toCommand(body: z.output<typeof command>, newId: NewId): Command {
  switch (body.action) {
    case 'create_entity':
      return { kind: 'entity', action: 'create', ...entityFields(body), id: body.id ?? newId() }
    case 'upsert_entity':
      return { kind: 'entity', action: 'upsert', ...entityFields(body), id: body.id ?? newId() }
    case 'create_relationship':
      return relationshipWrite('create', body, newId)
    case 'upsert_relationship':
      return relationshipWrite('upsert', body, newId)
    case 'patch_entity':
      return { kind: 'entity', action: 'patch', ...named(body), patch: contentPatch(body) }
    case 'patch_relationship':
      return { kind: 'relationship', action: 'patch', ...named(body), patch: contentPatch(body) }
    case 'delete_entity':
      return { kind: 'entity', action: 'delete', ...named(body) }
    case 'delete_relationship':
      return { kind: 'relationship', action: 'delete', ...named(body) }
  }
}

export function rowToCommand(row: z.output<typeof importRow>, newId: NewId): Command {
  return row.kind === 'entity'
    ? { kind: 'entity', action: 'upsert', ...entityFields(row), id: row.id ?? newId() }
    : relationshipWrite('upsert', row, newId)
}

type EntityBody = Omit<z.output<typeof newEntityFields>, 'external_id'> & {
  external_id?: string | null | undefined
}
type RelationshipBody = Omit<z.output<typeof newRelationshipFields>, 'external_id'> & {
  external_id?: string | null | undefined
}

export function entityFields(
  body: EntityBody,
): Pick<WriteEntity, 'type' | 'externalId' | 'content'> {
  const content: Content = {
    name: body.name ?? null,
    location: body.location ?? null,
    properties: body.properties ?? {},
  }
  return { type: body.type, externalId: body.external_id ?? null, content }
}

export function relationshipFields(
  body: RelationshipBody,
): Pick<WriteRelationship, 'type' | 'externalId' | 'content' | 'from' | 'to'> {
  return {
    type: body.type,
    externalId: body.external_id ?? null,
    content: { name: null, location: null, properties: body.properties ?? {} },
    from: ref(body.from_id, body.from_external_id),
    to: ref(body.to_id, body.to_external_id),
  }
}

function relationshipWrite(
  action: 'create' | 'upsert',
  body: RelationshipBody,
  newId: NewId,
): WriteRelationship {
  const kind: Kind = 'relationship'
  return { kind, action, ...relationshipFields(body), id: body.id ?? newId() }
}

type PatchBody = z.output<typeof entityPatchFields> | z.output<typeof relationshipPatchFields>

/** Only what was given: an absent field stays as it is. */
export function contentPatch(body: PatchBody): ContentPatch {
  const { name, location, properties } = { name: undefined, location: undefined, ...body }
  return {
    ...(name === undefined ? {} : { name }),
    ...(location === undefined ? {} : { location }),
    ...(properties === undefined ? {} : { properties }),
  }
}

function named(body: Named & { if_version?: number | undefined }): {
  target: Ref
  ifVersion: number | null
} {
  return { target: ref(body.id, body.external_id), ifVersion: body.if_version ?? null }
}

function ref(id: string | undefined, externalId: string | undefined): Ref {
  return id === undefined ? { externalId: externalId ?? '' } : { id }
}
