/** Frames that clients of the transcripts really said: what the fuzzer breaks. */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { methodId } from '../../src/wire/codec.ts'
import { FRAME_HEAD_BYTES, FRAME_METHOD, FRAME_OVERHEAD, PROTOCOL_HEADER } from '../../src/wire/frame.ts'
import { readU16, readU32 } from '../../src/wire/integers.ts'
import { conversationsOf } from '../support/transcript.ts'

const FOLDER = join(import.meta.dirname, '..', 'transcripts', 'testdata')

/** Plays every transcript; answers what its clients said, one method with its content after the other. */
export async function recordedUtterances(): Promise<Buffer[][]> {
  const utterances: Buffer[][] = []
  for (const file of readdirSync(FOLDER)) {
    for (const said of await conversationsOf(readFileSync(join(FOLDER, file), 'utf8'))) collect(said, utterances)
  }
  return utterances
}

/** The handshake is left out, as is what is no frame: scenes say such things too. Attackers open their own channels. */
function collect(said: Buffer, utterances: Buffer[][]): void {
  const isHandshake = said.subarray(0, PROTOCOL_HEADER.length).equals(PROTOCOL_HEADER)
  let at = isHandshake ? PROTOCOL_HEADER.length : 0
  while (at + FRAME_OVERHEAD <= said.length) {
    const end = at + readU32(said, at + 3) + FRAME_OVERHEAD
    if (end > said.length) return
    const frame = said.subarray(at, end)
    at = end
    if (frame[0] !== FRAME_METHOD) utterances.at(-1)?.push(frame)
    else if (readU16(frame, 1) > 0 && readU32(frame, FRAME_HEAD_BYTES) !== methodId('channel.open'))
      utterances.push([frame])
  }
}
