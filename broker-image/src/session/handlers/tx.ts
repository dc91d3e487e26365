/** Classes `tx` [AMQP 1.9] and `confirm` [RabbitMQ]: a channel has one of them at most. */
import { ChannelError } from '../../wire/errors.ts'
import type { Channel } from '../channel.ts'
import { Transaction } from '../transaction.ts'
import type { Handlers } from './handler.ts'

type TxMethod = 'tx.select' | 'tx.commit' | 'tx.rollback' | 'confirm.select'

export const txHandlers: Handlers<TxMethod> = {
  'tx.select': channel => {
    if (channel.confirming) throw cannotSwitch('confirm', 'tx')
    channel.transaction ??= new Transaction(channel)
    channel.reply('tx.select-ok', {})
  },

  'tx.commit': channel => transactionOf(channel).commit(),

  'tx.rollback': channel => {
    transactionOf(channel).rollback()
    channel.reply('tx.rollback-ok', {})
  },

  'confirm.select': (channel, { noWait }) => {
    if (channel.transactional) throw cannotSwitch('tx', 'confirm')
    channel.selectConfirms()
    if (!noWait) channel.reply('confirm.select-ok', {})
  },
}

function transactionOf({ transaction }: Channel): Transaction {
  if (transaction === null) throw new ChannelError('PRECONDITION_FAILED', 'channel is not transactional')
  return transaction
}

function cannotSwitch(from: string, to: string): ChannelError {
  return new ChannelError('PRECONDITION_FAILED', `cannot switch from ${from} to ${to} mode`)
}
