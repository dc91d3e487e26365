/** Loaded into a broker of local mode: ends it in order when the program that started it is gone, however that went. */

process.stdin.once('close', () => process.kill(process.pid, 'SIGTERM'))
process.stdin.resume().unref()
