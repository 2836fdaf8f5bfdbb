import { startStack } from './local/stack.ts'
import { startServer } from './local/server.ts'
import { bundleWorker } from './local/bundle.ts'
import { loadSample } from './sample.ts'
const t = performance.now()
const at = (m: unknown, ...r: unknown[]) => console.log((performance.now() - t) | 0, m, ...r)
const [s, bundle] = await Promise.all([startStack({ dataDir: '/tmp/try-data', onPart: at }), bundleWorker('/tmp/try-data/build').then((b) => (at('bundled'), b))])
const server = await startServer({ port: Number(process.argv[2] ?? 0), bindings: s.bindings, persistDir: '/tmp/try-data/objects', bundle, onLog: (l, v) => console.log('LOG', v, l), onRuntime: (p) => at('workerd', p) })
at(server.url)
const call = async (path: string, init: RequestInit = {}) => { const r = await fetch(server.url + path, { redirect: 'manual', ...init, headers: { 'content-type': 'application/json', ...init.headers } }); const text = await r.text(); at(path, r.status, text.slice(0, 300)); return text }
await call('/health'); await call('/health/ready'); await call('/api/v1/openapi.json'); await call('/reference'); await call('/reference/'); await call('/reference/nope'); await call('/reference/start.js')
console.log([...(await fetch(server.url + '/reference/')).headers])
const reg = JSON.parse(await call('/api/v1/auth/register', { method: 'POST', body: JSON.stringify({ tenant_name: 'Demo', email: `demo${Date.now()}@example.com`, password: 'correct horse battery' }) }))
const key = JSON.parse(await call('/api/v1/keys', { method: 'POST', headers: { authorization: `Bearer ${reg.access_token}` }, body: JSON.stringify({ name: 'demo', role: 'admin' }) }))
await loadSample(server.url, key.key, (d, n) => at('sample', d, n))
await call('/api/v1/entities?type=airport&name_prefix=San&limit=1', { headers: { authorization: `Bearer ${key.key}` } })
at('evicted', await server.evictObjects())
await call('/api/v1/entities?type=airport&name_prefix=San&limit=1', { headers: { authorization: `Bearer ${key.key}` } })
await server.runCron('17 * * * *'); at('cron')
if (process.argv[2]) { console.log('pid', process.pid, key.key); await new Promise(() => setInterval(() => {}, 1e6)) }
await server.stop(); at('server stopped'); await s.stop(); at('stopped')
