import { fileStoreContract } from '../../contracts/file-store.contract.ts'
import { MemoryFiles } from '../../fakes/memory-files.ts'

const files = new MemoryFiles()
fileStoreContract(() => files)
