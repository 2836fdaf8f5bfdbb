/** Mean radius of the Earth (IUGG), in metres. */
const EARTH_RADIUS_M = 6_371_008.8

/**
 * The straight distance between two points of the unit sphere that are `metres` apart on the ground.
 * From half around the Earth on it is that of opposite points, which is also what `null` gives.
 */
export function chordOf(metres: number | null): number {
  const angle = metres === null ? Math.PI : Math.min(metres / EARTH_RADIUS_M, Math.PI)
  // Opposite points are a rounding error more than 2 apart.
  return angle === Math.PI ? 2.1 : 2 * Math.sin(angle / 2)
}
