/** totals.mjs REPORT: prints how many tests passed and failed by a JSON report of vitest. Plain JavaScript: any Node.js runs it. */

import { readFileSync } from 'node:fs'

const report = JSON.parse(readFileSync(process.argv[2], 'utf8'))
// A file that could not even be loaded has no test of its own, and counts as a failed one.
const unloadable = report.testResults.filter(file => file.status === 'failed' && file.assertionResults.length === 0)
console.log(report.numPassedTests, report.numFailedTests + unloadable.length)
