const FIRST = 3;

/**
 * Passes on what was refused at the listener: the first three, then the 10th, the 100th and so on with their number, so that a flood from
 * the network fills no log.
 */
export function countedRefusals(report: (message: string) => void): (reason: string) => void {
  let count = 0;
  let next = 10;
  return (reason) => {
    count += 1;
    if (count <= FIRST) report(`the listener refused ${reason}`);
    if (count !== next) return;
    next *= 10;
    report(`the listener has refused ${count} calls in this run, the latest: ${reason}`);
  };
}
