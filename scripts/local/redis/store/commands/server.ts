import { type CommandTable, reads, wrongArity } from '../command.ts'

export const SERVER: CommandTable = {
  ping: reads(-1, (_, [message, ...others]) => {
    if (others.length > 0) throw wrongArity('ping')
    return message ?? { status: 'PONG' }
  }),
  echo: reads(2, (_, [message = '']) => message),
  time: reads(1, ({ nowMs }) => [String(Math.floor(nowMs / 1000)), String((nowMs % 1000) * 1000)]),
}
