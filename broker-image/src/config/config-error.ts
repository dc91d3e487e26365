/** The one error of a start that is refused because of its configuration. */

/** The message is for the user and names the place (file and line, flag or variable) and the fix. */
export class ConfigError extends Error {}
