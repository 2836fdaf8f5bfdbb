/**
 * Options of `LRUCache.get` that ask for nothing: without any, the library makes an object for each call
 * and fills it.
 */
export const PLAIN_GET: { readonly allowStale?: boolean } = {}
