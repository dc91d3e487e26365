/** Regular expressions as users of RabbitMQ write them: searched anywhere in a name, with PCRE's leading flags. */

const LEADING_FLAGS = /^\(\?([ims]+)\)/

/** Compiles a pattern. `(?i)` and friends at its start become flags. Throws `SyntaxError` for what is no pattern. */
export function compilePattern(text: string): RegExp {
  const flags = LEADING_FLAGS.exec(text)
  return flags ? new RegExp(text.slice(flags[0].length), flags[1]) : new RegExp(text)
}

/** Whether `compilePattern` takes the text. */
export function isPattern(text: string): boolean {
  try {
    compilePattern(text)
    return true
  } catch {
    return false
  }
}
