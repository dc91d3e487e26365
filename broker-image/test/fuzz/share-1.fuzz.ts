/** The odd blocks of `make fuzz`. */
import { testShare } from './fuzz.ts'

testShare(1, 2)
