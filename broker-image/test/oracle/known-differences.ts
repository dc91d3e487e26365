/** Where Warren differs from RabbitMQ 3.10, by subject and probe, and why; `docs/compatibility.md` has a line on each. */
export const KNOWN_DIFFERENCES: { readonly [subject: string]: { readonly [probe: string]: string } } = {}
