import { type Bytes, OK, RedisError, type Reply } from '../../reply.ts'
import { scriptDigest } from '../../script-digest.ts'
import {
  type Command,
  type CommandContext,
  type CommandTable,
  syntaxError,
  writes,
} from '../command.ts'
import { checkScript, runScript } from '../lua.ts'
import { Words } from '../words.ts'

const NO_SCRIPT = 'NOSCRIPT No matching script. Please use EVAL.'

/** The scripts of one store: what EVAL has run is known to EVALSHA. */
export function scriptCommands(): CommandTable {
  const sources = new Map<string, Bytes>()

  function evalSource(): Command {
    return writes(-3, (context, [source = '', ...words]) => {
      const digest = scriptDigest(source)
      if (!sources.has(digest)) {
        checkScript(source)
        sources.set(digest, source)
      }
      return evaluate(context, source, words)
    })
  }

  function evalDigest(): Command {
    return writes(-3, (context, [digest = '', ...words]) => {
      const source = sources.get(digest.toLowerCase())
      if (source === undefined) throw new RedisError(NO_SCRIPT)
      return evaluate(context, source, words)
    })
  }

  function script([subcommand = '', ...words]: readonly Bytes[]): Reply {
    switch (subcommand.toUpperCase()) {
      case 'LOAD': {
        const source = new Words(words).take()
        checkScript(source)
        sources.set(scriptDigest(source), source)
        return scriptDigest(source)
      }
      case 'EXISTS':
        return words.map((digest) => (sources.has(digest.toLowerCase()) ? 1 : 0))
      case 'FLUSH':
        if (words.length > 1 || !/^(a?sync)?$/i.test(words[0] ?? '')) throw syntaxError()
        sources.clear()
        return OK
      default:
        throw new RedisError(`ERR unknown subcommand '${subcommand}'. Try SCRIPT HELP.`)
    }
  }

  return {
    eval: evalSource(),
    eval_ro: evalSource(),
    evalsha: evalDigest(),
    evalsha_ro: evalDigest(),
    script: writes(-2, (_, words) => script(words)),
  }
}

function evaluate({ call }: CommandContext, source: Bytes, words: readonly Bytes[]): Reply {
  const reader = new Words(words)
  const count = reader.integer()
  if (count < 0) throw new RedisError("ERR Number of keys can't be negative")
  if (count > reader.left) {
    throw new RedisError("ERR Number of keys can't be greater than number of args")
  }
  const keys = reader.takeMany(count)
  const reply = runScript({ source, keys, arguments: reader.rest(), call })
  if (reply instanceof RedisError) throw reply
  return reply
}
