import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { text } from 'node:stream/consumers'
import pg from 'pg'
import { badRequest, errorBody, SqlHttpError, statusOf } from './sql-errors.ts'
import { runPipeline } from './sql-pipeline.ts'
import { cancelQuery, type SqlPools, sqlPools } from './sql-pools.ts'
import {
  ISOLATION_LEVELS,
  parseRequest,
  type SqlBatch,
  type SqlQuery,
  type SqlRequest,
} from './sql-request.ts'
