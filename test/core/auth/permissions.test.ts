import { describe, expect, it } from 'vitest'
import { isAllowed, isRole, mayGrant, PERMISSIONS, ROLES } from '../../../core/auth/permissions.ts'

const OF_ADMINS = [
  ...['graph.read', 'graph.write', 'graph.define', 'graphs.manage', 'consumers.manage'],
  ...['keys.manage', 'cache.manage', 'history.erase'],
]

const allowed = (role: (typeof ROLES)[number], isOperator = false) =>
  PERMISSIONS.filter((each) => isAllowed(role, each, isOperator))

describe('what a role allows', () => {
  it.each([
    ['owner', OF_ADMINS],
    ['admin', OF_ADMINS],
    ['writer', ['graph.read', 'graph.write']],
    ['reader', ['graph.read']],
  ] as const)('%s: %j', (role, permissions) => {
    expect(allowed(role)).toEqual(permissions)
  })

  it('in the operator’s tenant, owners and admins also invite', () => {
    for (const role of ROLES) {
      const more = role === 'owner' || role === 'admin' ? ['invitations.manage'] : []
      expect(allowed(role, true)).toEqual([...allowed(role), ...more])
    }
  })

  it('covers every role', () => {
    expect([...ROLES]).toEqual(['owner', 'admin', 'writer', 'reader'])
  })

  it('never grows down the list of roles', () => {
    for (const [i, role] of ROLES.entries()) {
      for (const lower of ROLES.slice(i)) {
        expect(allowed(role)).toEqual(expect.arrayContaining(allowed(lower)))
      }
    }
  })
})

describe('whom a role may make what', () => {
  it('somebody hands out their own role and lower ones, never a higher one', () => {
    const granted = ROLES.map((role) => ROLES.filter((other) => mayGrant(role, other)))
    expect(granted).toEqual([
      ['owner', 'admin', 'writer', 'reader'],
      ['admin', 'writer', 'reader'],
      ['writer', 'reader'],
      ['reader'],
    ])
  })

  it('nobody hands out what they may not do themselves', () => {
    for (const role of ROLES) {
      for (const other of ROLES.filter((each) => mayGrant(role, each))) {
        expect(allowed(role)).toEqual(expect.arrayContaining(allowed(other)))
      }
    }
  })
})

describe('the name of a role', () => {
  it('is one of the roles, exactly', () => {
    expect(ROLES.every(isRole)).toBe(true)
    for (const other of ['Owner', 'root', '', 'toString', '__proto__', null, undefined, 0, {}]) {
      expect(isRole(other)).toBe(false)
    }
  })
})
