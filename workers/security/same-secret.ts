/**
 * Whether two secrets are the same, in a time that tells nothing of either: digests have one length,
 * and are compared whole.
 */
export async function sameSecret(one: string, other: string): Promise<boolean> {
  const [a, b] = await Promise.all([one, other].map(digest))
  return a !== undefined && b !== undefined && crypto.subtle.timingSafeEqual(a, b)
}

function digest(text: string): Promise<ArrayBuffer> {
  return crypto.subtle.digest('SHA-256', new TextEncoder().encode(text))
}
