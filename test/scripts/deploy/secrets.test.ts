import { expect, it } from 'vitest'
import { madeSecrets, secretProblems } from '../../../scripts/deploy/secrets.ts'
import { type OwnerSettings, readOwnerSettings } from '../../../scripts/migrate/owner-settings.ts'

function ownerWith(appPassword: string): OwnerSettings {
  const { settings, problems } = readOwnerSettings({
    TENDRIL_CATALOG_OWNER_URL: 'postgresql://owner:secret@db.example.com/catalog?sslmode=require',
    TENDRIL_SHARD_OWNER_URLS: '[{"id":"s1","url":"postgresql://owner:secret@db.example.com/one"}]',
    TENDRIL_APP_PASSWORD: appPassword,
  })
  expect(problems).toEqual([])
  if (!settings) throw new Error('no settings')
  return settings
}

it.each([
  'correct horse battery',
  '100%-p@ss/w:rd?#',
  'a%41bcdefghijkl',
  'pässwörd-\u{1f331}-long',
])(
  'the worker’s connection strings are the owner’s, as tendril_app with the password %j',
  (appPassword) => {
    const owner = ownerWith(appPassword)
    const made = madeSecrets(owner)
    const catalog = new URL(made.TENDRIL_CATALOG_URL)
    expect([catalog.host, catalog.pathname, catalog.search, catalog.username]).toEqual([
      'db.example.com',
      '/catalog',
      '?sslmode=require',
      'tendril_app',
    ])
    expect(decodeURIComponent(catalog.password)).toBe(appPassword)
    expect(made.TENDRIL_CATALOG_URL + made.TENDRIL_SHARDS).not.toContain('secret')
    expect(secretProblems(made, owner)).toEqual([])
    const other = ownerWith('another password')
    expect(secretProblems(made, other)).toEqual([
      expect.stringMatching(/^TENDRIL_CATALOG_URL has another password/),
      expect.stringMatching(/^TENDRIL_SHARDS \(s1\) has another password/),
    ])
  },
)

it('a password with a stray % is compared as it stands', () => {
  const owner = ownerWith('50% of the truth')
  const url = 'postgresql://tendril_app:50%%20of%20the%20truth@db.example.com/catalog'
  expect(secretProblems({ TENDRIL_CATALOG_URL: url }, owner)).toHaveLength(1)
})
