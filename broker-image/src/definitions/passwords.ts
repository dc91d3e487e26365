/** Passwords as RabbitMQ keeps them: base64 of a salt of four bytes and the hash of salt and password [rabbitmq.com, passwords]. */

import { createHash, randomBytes, timingSafeEqual } from 'node:crypto'
import type { UserDefinition } from './model.ts'

export type HashingAlgorithm = UserDefinition['hashingAlgorithm']

const SALT_BYTES = 4

const DIGESTS: Readonly<Record<HashingAlgorithm, string>> = {
  rabbit_password_hashing_sha256: 'sha256',
  rabbit_password_hashing_sha512: 'sha512',
  rabbit_password_hashing_md5: 'md5',
}

const DEFAULT_ALGORITHM: HashingAlgorithm = 'rabbit_password_hashing_sha256'

export function isHashingAlgorithm(name: string): name is HashingAlgorithm {
  return Object.hasOwn(DIGESTS, name)
}

/** The stored form of a password, with a random salt unless one is given. */
export function hashPassword(
  password: string,
  algorithm: HashingAlgorithm = DEFAULT_ALGORITHM,
  salt: Buffer = randomBytes(SALT_BYTES),
): string {
  const digest = createHash(DIGESTS[algorithm]).update(salt).update(password, 'utf8').digest()
  return Buffer.concat([salt, digest]).toString('base64')
}

/** Whether the password is the one behind the hash. An empty hash or password never matches. Takes constant time. */
export function isPasswordRight(
  user: Pick<UserDefinition, 'passwordHash' | 'hashingAlgorithm'>,
  password: string,
): boolean {
  const stored = Buffer.from(user.passwordHash, 'base64')
  if (stored.length <= SALT_BYTES || password === '') return false
  const given = Buffer.from(hashPassword(password, user.hashingAlgorithm, stored.subarray(0, SALT_BYTES)), 'base64')
  return given.length === stored.length && timingSafeEqual(given, stored)
}
