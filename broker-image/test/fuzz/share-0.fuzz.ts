/** The even blocks of `make fuzz`. */
import { testShare } from './fuzz.ts'

testShare(0, 2)
