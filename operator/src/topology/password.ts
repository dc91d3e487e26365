/** RabbitMQ's password hashes: base64 of a 4 byte salt and the hash of salt and password (its `passwords` guide). */

import { Buffer } from 'node:buffer'
import { createHash, randomBytes, timingSafeEqual } from 'node:crypto'

const SALT_BYTES = 4

const ALGORITHMS: { readonly [name: string]: string } = {
  rabbit_password_hashing_sha256: 'sha256',
  rabbit_password_hashing_sha512: 'sha512',
  rabbit_password_hashing_md5: 'md5',
}

/** Whether `password` is the one that was hashed; false for an algorithm that nobody knows. */
export function passwordMatches(password: string, hash: string, algorithm = 'rabbit_password_hashing_sha256'): boolean {
  const name = ALGORITHMS[algorithm]
  const bytes = Buffer.from(hash, 'base64')
  if (name === undefined || bytes.length <= SALT_BYTES) return false
  const digest = createHash(name).update(bytes.subarray(0, SALT_BYTES)).update(password, 'utf8').digest()
  const stored = bytes.subarray(SALT_BYTES)
  return stored.length === digest.length && timingSafeEqual(stored, digest)
}

/** A hash of the password with a salt of its own, in RabbitMQ's default algorithm (SHA-256). */
export function passwordHash(password: string): string {
  const salt = randomBytes(SALT_BYTES)
  const digest = createHash('sha256').update(salt).update(password, 'utf8').digest()
  return Buffer.concat([salt, digest]).toString('base64')
}
