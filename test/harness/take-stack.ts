import { afterAll } from 'vitest'
import { takeStack } from './own-stack.ts'

// Before each file over HTTP; its own hooks are over before this one.
afterAll(await takeStack())
