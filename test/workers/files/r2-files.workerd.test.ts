import { env } from 'cloudflare:workers'
import { parseEnv } from '../../../env.ts'
import { r2Files } from '../../../workers/files/r2-files.ts'
import { fileStoreContract } from '../../contracts/file-store.contract.ts'

fileStoreContract(() => r2Files(parseEnv({ ...env }).FILES))
