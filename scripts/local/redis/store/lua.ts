import { lauxlib, lua, lualib, type LuaState as State } from 'fengari'
import { type Bytes, RedisError, type Reply } from '../reply.ts'
import { scriptDigest } from '../script-digest.ts'
import {
  fieldAt,
  luaBytes,
  pushBytes,
  pushList,
  pushReply,
  pushTable,
  replyAt,
  textAt,
} from './lua-values.ts'

export type ScriptCall = {
  readonly source: Bytes
  readonly keys: readonly Bytes[]
  readonly arguments: readonly Bytes[]
  /** Runs a command; throws a RedisError when it fails. */
  call(command: readonly Bytes[]): Reply
}

/**
 * What Lua 5.1, which Redis has, names otherwise than the Lua 5.3 of fengari. What could reach
 * beyond the script is not opened, or taken away.
 */
const PRELUDE = `
  unpack = table.unpack
  loadstring = load
  math.pow = function(a, b) return a ^ b end
  math.log10 = function(a) return math.log(a, 10) end
  table.getn = function(t) return #t end
  dofile, loadfile, print, collectgarbage = nil, nil, nil, nil
`

const LIBRARIES = {
  _G: lualib.luaopen_base,
  table: lualib.luaopen_table,
  string: lualib.luaopen_string,
  math: lualib.luaopen_math,
} as const

/** A script that runs longer is taken to run forever. */
const MAX_INSTRUCTIONS = 10_000_000

/** Throws a RedisError when the script cannot be compiled. */
export function checkScript(source: Bytes): void {
  compile(lauxlib.luaL_newstate(), source)
}

/** Runs a script in a new Lua of its own; what a command inside answers comes as in Redis. */
export function runScript(script: ScriptCall): Reply {
  const state = lauxlib.luaL_newstate()
  open(state)
  pushList(state, script.keys)
  lua.lua_setglobal(state, luaBytes('KEYS'))
  pushList(state, script.arguments)
  lua.lua_setglobal(state, luaBytes('ARGV'))
  provide(state, script)
  compile(state, script.source)
  if (lua.lua_pcall(state, 0, 1, 0) !== lua.LUA_OK) throw scriptError(state, script.source)
  return replyAt(state, -1)
}

function open(state: State): void {
  for (const [name, library] of Object.entries(LIBRARIES)) {
    lauxlib.luaL_requiref(state, luaBytes(name), library, 1)
    lua.lua_pop(state, 1)
  }
  lauxlib.luaL_dostring(state, luaBytes(PRELUDE))
  lua.lua_sethook(
    state,
    () => lauxlib.luaL_error(state, luaBytes('Script killed: it runs too long')),
    lua.LUA_MASKCOUNT,
    MAX_INSTRUCTIONS,
  )
}

function compile(state: State, source: Bytes): void {
  const code = luaBytes(stripShebang(source))
  if (lauxlib.luaL_loadbuffer(state, code, code.length, luaBytes('@user_script')) === lua.LUA_OK)
    return
  throw new RedisError(`ERR Error compiling script (new function): ${textAt(state, -1)}`)
}

/** `#!lua flags=…` is for the server; the line stays, so that errors name the right one. */
function stripShebang(source: Bytes): Bytes {
  if (!source.startsWith('#!')) return source
  const end = source.indexOf('\n')
  return end < 0 ? '' : source.slice(end)
}

/** The table `redis`. */
function provide(state: State, script: ScriptCall): void {
  const functions = {
    call: () => callCommand(state, script, true),
    pcall: () => callCommand(state, script, false),
    error_reply: () => pushTable(state, 'err', withCode(textAt(state, 1))),
    status_reply: () => pushTable(state, 'ok', textAt(state, 1)),
    sha1hex: () => pushBytes(state, scriptDigest(textAt(state, 1))),
    log: () => 0,
    replicate_commands: () => pushBytes(state, '1'),
  }
  lua.lua_newtable(state)
  for (const [name, run] of Object.entries(functions)) {
    lua.lua_pushcfunction(state, run)
    lua.lua_setfield(state, -2, luaBytes(name))
  }
  const levels = ['LOG_DEBUG', 'LOG_VERBOSE', 'LOG_NOTICE', 'LOG_WARNING']
  for (const [level, name] of levels.entries()) {
    lua.lua_pushinteger(state, level)
    lua.lua_setfield(state, -2, luaBytes(name))
  }
  lua.lua_setglobal(state, luaBytes('redis'))
}

function callCommand(state: State, script: ScriptCall, throws: boolean): number {
  const reply = attempt(state, script)
  if (reply instanceof RedisError) {
    pushTable(state, 'err', reply.message)
    return throws ? lua.lua_error(state) : 1
  }
  pushReply(state, reply)
  return 1
}

function attempt(state: State, script: ScriptCall): Reply {
  const command = Array.from({ length: lua.lua_gettop(state) }, (_, i) => wordAt(state, i + 1))
  if (command.length === 0) {
    return new RedisError('ERR Please specify at least one argument for this redis.call() call')
  }
  if (!command.every((word) => word !== undefined)) {
    return new RedisError('ERR Lua redis lib command arguments must be strings or integers')
  }
  try {
    return script.call(command)
  } catch (error) {
    if (error instanceof RedisError) return error
    throw error
  }
}

/** A number that is whole is written as one, as Lua 5.1 does. */
function wordAt(state: State, index: number): Bytes | undefined {
  const type = lua.lua_type(state, index)
  if (type === lua.LUA_TNUMBER) return String(lua.lua_tonumber(state, index))
  return type === lua.LUA_TSTRING ? textAt(state, index) : undefined
}

function scriptError(state: State, source: Bytes): RedisError {
  if (lua.lua_type(state, -1) === lua.LUA_TTABLE) {
    const message = fieldAt(state, lua.lua_absindex(state, -1), 'err')
    if (message !== undefined) return new RedisError(message)
  }
  return new RedisError(`ERR ${textAt(state, -1)} script: ${scriptDigest(source)}`)
}

/** An error needs a code in front, or clients take its first word for one. */
function withCode(message: Bytes): Bytes {
  return message.startsWith('-') ? message.slice(1) : `ERR ${message}`
}
