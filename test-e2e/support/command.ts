/** Runs programs such as kubectl and helm. */

import { spawn } from 'node:child_process'

/** A program ended with an error; the message holds what it said. */
export class CommandError extends Error {
  readonly stderr: string
  constructor(line: string, stderr: string) {
    super(`${line}\n${stderr}`)
    this.stderr = stderr
  }
}

export interface CommandOptions {
  /** Text for its standard input. */
  input?: string
  /** It is killed after this time. */
  timeoutMs?: number
}

/** The standard output of a program that succeeds. Raises `CommandError` otherwise. */
export function run(program: string, words: readonly string[], options: CommandOptions = {}): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, words, { timeout: options.timeoutMs ?? 60_000, killSignal: 'SIGKILL' })
    let stdout = ''
    let stderr = ''
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      stdout += text
    })
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      stderr += text
    })
    child.on('error', reject)
    child.on('close', (code, signal) => {
      if (code === 0) resolve(stdout)
      else reject(new CommandError(`${program} ${words.join(' ')} (${signal ?? code})`, stderr))
    })
    child.stdin.end(options.input ?? '')
  })
}
