import type { Caller, Page } from './api.ts'

/** Items of every page of a list, following `next`. */
export async function allPages<T>(caller: Caller, path: string): Promise<T[]> {
  const items: T[] = []
  let cursor = ''
  do {
    const separator = path.includes('?') ? '&' : '?'
    const { body } = await caller.request<Page<T>>(
      'GET',
      cursor === '' ? path : `${path}${separator}cursor=${encodeURIComponent(cursor)}`,
    )
    items.push(...body.items)
    cursor = body.next ?? ''
  } while (cursor !== '')
  return items
}

/** 0, 1, 2 … below `count`. */
export function range(count: number): number[] {
  return Array.from({ length: count }, (_, i) => i)
}
