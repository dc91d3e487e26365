/** The odd seeds of `make sim`. */
import { testShare } from './seeds.ts'

testShare(1, 2)
