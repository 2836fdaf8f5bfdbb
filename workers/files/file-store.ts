/** Bytes from `offset` on, at most `length` of them. */
export type ByteRange = { readonly offset: number; readonly length: number }

/** Files under keys that begin with the id of the tenant they belong to. */
export type FileStore = {
  /** Writes a whole file, in place of one of the same key. */
  put(key: string, body: string | Uint8Array): Promise<void>
  /** `null`: there is none. A range that begins behind the end is an error. */
  read(key: string, range?: ByteRange): Promise<ReadableStream<Uint8Array> | null>
  /** Begins a file that is written in parts, all but the last of one size of 5 MiB or more. */
  startParts(key: string): Promise<PartsUpload>
  /** Deletes every file whose key begins so; none is left when it resolves. */
  deleteAll(prefix: string): Promise<void>
}

export type PartsUpload = {
  /** In order, from the first. */
  add(body: Uint8Array): Promise<void>
  /** The file is there from now on. */
  complete(): Promise<void>
  abort(): Promise<void>
}
