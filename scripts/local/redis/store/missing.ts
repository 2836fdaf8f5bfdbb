const FAMILIES = {
  streams:
    'xack xadd xautoclaim xclaim xdel xgroup xinfo xlen xpending xrange xread xreadgroup xrevrange xsetid xtrim',
  bits: 'bitcount bitfield bitfield_ro bitop bitpos getbit setbit',
  hyperLogLogs: 'pfadd pfcount pfdebug pfmerge',
  places: 'geoadd geodist geohash geopos georadius geosearch geosearchstore',
  others: 'dump fcall fcall_ro function lcs object publish restore sort sort_ro',
}

/** What Redis can and the in-process store cannot. */
export const MISSING: ReadonlySet<string> = new Set(Object.values(FAMILIES).join(' ').split(' '))
