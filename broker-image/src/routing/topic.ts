/** The topic exchange: binding keys are patterns over dot-separated words, held in a trie. */

import type { FieldTable } from '../wire/field-table.ts'
import { Bound } from './bound.ts'
import type { Exchange, RoutedMessage } from './exchange.ts'

/** Stands for exactly one word. */
const ANY_WORD = '*'
/** Stands for any number of words, none included. */
const ANY_WORDS = '#'

/** A place between two words of a pattern. */
class TopicNode<D> {
  readonly children = new Map<string, TopicNode<D>>()
  /** Where `*` leads. */
  anyWord: TopicNode<D> | undefined
  /** Where `#` leads; it is entered without a word, and keeps every word. */
  anyWords: TopicNode<D> | undefined
  readonly keepsWords: boolean
  readonly bound = new Bound<D>()

  constructor(keepsWords: boolean) {
    this.keepsWords = keepsWords
  }

  get isEmpty(): boolean {
    return this.bound.isEmpty && this.children.size === 0 && this.anyWord === undefined && this.anyWords === undefined
  }

  next(word: string): TopicNode<D> | undefined {
    if (word === ANY_WORD) return this.anyWord
    return word === ANY_WORDS ? this.anyWords : this.children.get(word)
  }

  add(word: string): TopicNode<D> {
    const node = new TopicNode<D>(word === ANY_WORDS)
    if (word === ANY_WORD) this.anyWord = node
    else if (word === ANY_WORDS) this.anyWords = node
    else this.children.set(word, node)
    return node
  }

  drop(word: string): void {
    if (word === ANY_WORD) this.anyWord = undefined
    else if (word === ANY_WORDS) this.anyWords = undefined
    else this.children.delete(word)
  }
}

export class TopicExchange<D> implements Exchange<D> {
  readonly type = 'topic'
  readonly needsMessage = false
  readonly #root = new TopicNode<D>(false)

  get isEmpty(): boolean {
    return this.#root.isEmpty
  }

  validateBinding(): void {}

  bind(destination: D, routingKey: string, args: FieldTable): void {
    let node = this.#root
    for (const word of wordsOf(routingKey)) node = node.next(word) ?? node.add(word)
    node.bound.add(destination, args)
  }

  unbind(destination: D, routingKey: string, args: FieldTable): void {
    const words = wordsOf(routingKey)
    const path = [this.#root]
    for (const word of words) {
      const node = path.at(-1)!.next(word)
      if (node === undefined) return
      path.push(node)
    }
    path.at(-1)!.bound.remove(destination, args)
    for (let depth = words.length; depth > 0 && path[depth]!.isEmpty; depth--) path[depth - 1]!.drop(words[depth - 1]!)
  }

  route({ routingKeys }: RoutedMessage, found: Set<D>): void {
    for (const key of routingKeys) this.#routeKey(key, found)
  }

  /**
   * Walks all places that the words so far can have reached at once. So the work is bounded by words × nodes, where
   * trying one way after the other takes exponential time for patterns like `#.#.#.#.a`.
   */
  #routeKey(routingKey: string, found: Set<D>): void {
    let reached = new Set([this.#root])
    enterAnyWords(reached)
    for (const word of wordsOf(routingKey)) {
      reached = step(reached, word)
      if (reached.size === 0) return
    }
    for (const node of reached) node.bound.addTo(found)
  }
}

function step<D>(reached: Set<TopicNode<D>>, word: string): Set<TopicNode<D>> {
  const next = new Set<TopicNode<D>>()
  for (const node of reached) {
    const child = node.children.get(word)
    if (child !== undefined) next.add(child)
    if (node.anyWord !== undefined) next.add(node.anyWord)
    if (node.keepsWords) next.add(node)
  }
  enterAnyWords(next)
  return next
}

/** A set visits what is added while it is being visited, so this follows `#.#` too. */
function enterAnyWords<D>(reached: Set<TopicNode<D>>): void {
  for (const node of reached) {
    if (node.anyWords !== undefined) reached.add(node.anyWords)
  }
}

/** An empty key has no words, as in RabbitMQ; dots at the ends give empty words. */
function wordsOf(key: string): string[] {
  return key === '' ? [] : key.split('.')
}
