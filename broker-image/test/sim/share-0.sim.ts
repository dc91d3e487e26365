/** The even seeds of `make sim`. */
import { testShare } from './seeds.ts'

testShare(0, 2)
