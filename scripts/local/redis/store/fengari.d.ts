// What is used here of fengari, which has no types of its own. Strings are bytes.
declare module 'fengari' {
  export type LuaState = { readonly __brand: 'lua_State' }

  export const lua: {
    readonly LUA_OK: number
    readonly LUA_TNIL: number
    readonly LUA_TBOOLEAN: number
    readonly LUA_TNUMBER: number
    readonly LUA_TSTRING: number
    readonly LUA_TTABLE: number
    readonly LUA_MASKCOUNT: number
    lua_absindex(state: LuaState, index: number): number
    lua_createtable(state: LuaState, items: number, fields: number): void
    lua_error(state: LuaState): number
    lua_getfield(state: LuaState, index: number, name: Uint8Array): number
    lua_gettop(state: LuaState): number
    lua_newtable(state: LuaState): void
    lua_pcall(state: LuaState, parameters: number, results: number, handler: number): number
    lua_pop(state: LuaState, count: number): void
    lua_pushboolean(state: LuaState, value: number): void
    lua_pushcfunction(state: LuaState, run: (state: LuaState) => number): void
    lua_pushinteger(state: LuaState, value: number): void
    lua_pushnumber(state: LuaState, value: number): void
    lua_pushstring(state: LuaState, bytes: Uint8Array): void
    lua_rawgeti(state: LuaState, index: number, position: number): number
    lua_rawseti(state: LuaState, index: number, position: number): void
    lua_setfield(state: LuaState, index: number, name: Uint8Array): void
    lua_setglobal(state: LuaState, name: Uint8Array): void
    lua_sethook(state: LuaState, hook: () => void, mask: number, count: number): void
    lua_toboolean(state: LuaState, index: number): boolean
    lua_tonumber(state: LuaState, index: number): number
    lua_tostring(state: LuaState, index: number): Uint8Array | null
    lua_type(state: LuaState, index: number): number
  }

  type Library = (state: LuaState) => number

  export const lauxlib: {
    luaL_dostring(state: LuaState, source: Uint8Array): boolean | number
    luaL_error(state: LuaState, message: Uint8Array): number
    luaL_loadbuffer(state: LuaState, source: Uint8Array, length: number, name: Uint8Array): number
    luaL_newstate(): LuaState
    luaL_requiref(state: LuaState, name: Uint8Array, open: Library, asGlobal: number): void
  }

  export const lualib: {
    readonly luaopen_base: Library
    readonly luaopen_math: Library
    readonly luaopen_string: Library
    readonly luaopen_table: Library
  }
}
