/**
 * How a test changes the process, modules that other tests have loaded by then, or, to count steps, what V8 makes of strings; and what it
 * says where it measures time, which the memory of earlier tests would take.
 */
const CHANGES_THE_PROCESS = [
  /\bvi\.(?:mock|doMock|spyOn|stubEnv|stubGlobal|useFakeTimers)\(/,
  /process\.env\[[^\]]*\] = |\bdelete process\.env\b/,
  /\bprocess\.(?:chdir|on|once|umask|setuid|seteuid)\(/,
  /\/count-steps\.ts'/,
  /^\/\/ isolated: /m,
];

/** Whether a test file of this text has a process and modules for itself: it changes what others would share with it. */
export function isIsolated(text: string): boolean {
  return CHANGES_THE_PROCESS.some((change) => change.test(text));
}
