/** Milliseconds since the Unix epoch. The only clock `core` knows is the one it is handed. */
export type Now = () => number
