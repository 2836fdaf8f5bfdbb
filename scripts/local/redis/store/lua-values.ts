import { lua, type LuaState as State } from 'fengari'
import { type Bytes, isStatus, OK, RedisError, type Reply } from '../reply.ts'

export function pushReply(state: State, reply: Reply): void {
  if (reply === null) lua.lua_pushboolean(state, 0)
  else if (typeof reply === 'number' || typeof reply === 'bigint') pushNumber(state, Number(reply))
  else if (typeof reply === 'string') pushBytes(state, reply)
  else if (reply instanceof RedisError) pushTable(state, 'err', reply.message)
  else if (isStatus(reply)) pushTable(state, 'ok', reply.status)
  else {
    lua.lua_createtable(state, reply.length, 0)
    for (const [i, item] of reply.entries()) {
      pushReply(state, item)
      lua.lua_rawseti(state, -2, i + 1)
    }
  }
}

/** Lua's whole numbers have 32 bits in fengari; larger ones go as floats. */
function pushNumber(state: State, value: number): void {
  if (value === (value | 0)) lua.lua_pushinteger(state, value)
  else lua.lua_pushnumber(state, value)
}

/** As Redis converts: numbers are cut to integers, true is 1, false is nil, an array ends at nil. */
export function replyAt(state: State, index: number): Reply {
  switch (lua.lua_type(state, index)) {
    case lua.LUA_TSTRING:
      return textAt(state, index)
    case lua.LUA_TNUMBER:
      return Math.trunc(lua.lua_tonumber(state, index))
    case lua.LUA_TBOOLEAN:
      return lua.lua_toboolean(state, index) ? 1 : null
    case lua.LUA_TTABLE:
      return tableAt(state, lua.lua_absindex(state, index))
    default:
      return null
  }
}

function tableAt(state: State, index: number): Reply {
  const error = fieldAt(state, index, 'err')
  if (error !== undefined) return new RedisError(error)
  const status = fieldAt(state, index, 'ok')
  if (status !== undefined) return status === 'OK' ? OK : { status }
  const items: Reply[] = []
  for (let i = 1; lua.lua_rawgeti(state, index, i) !== lua.LUA_TNIL; i++) {
    items.push(replyAt(state, -1))
    lua.lua_pop(state, 1)
  }
  lua.lua_pop(state, 1)
  return items
}

/** A field that is a string. */
export function fieldAt(state: State, index: number, name: string): Bytes | undefined {
  const type = lua.lua_getfield(state, index, luaBytes(name))
  const text = type === lua.LUA_TSTRING ? textAt(state, -1) : undefined
  lua.lua_pop(state, 1)
  return text
}

export function pushTable(state: State, name: string, text: Bytes): number {
  lua.lua_newtable(state)
  pushBytes(state, text)
  lua.lua_setfield(state, -2, luaBytes(name))
  return 1
}

export function pushList(state: State, items: readonly Bytes[]): void {
  lua.lua_createtable(state, items.length, 0)
  for (const [i, item] of items.entries()) {
    pushBytes(state, item)
    lua.lua_rawseti(state, -2, i + 1)
  }
}

export function pushBytes(state: State, bytes: Bytes): number {
  lua.lua_pushstring(state, luaBytes(bytes))
  return 1
}

export function luaBytes(bytes: Bytes): Uint8Array {
  return Uint8Array.from(Buffer.from(bytes, 'latin1'))
}

export function textAt(state: State, index: number): Bytes {
  const bytes = lua.lua_tostring(state, index)
  return bytes === null ? '' : Buffer.from(bytes).toString('latin1')
}
