import {describe, expect, it} from 'vitest';
import {countedRefusals, createReportDeskOpener} from '../../../src/verify/report-desk.ts';
import {Caller, goodReport, openDesk, SERVER} from './callers.ts';

describe('what the listener refused', () => {
  it('S10: is reported, with its reason; of a flood only the first three and each tenfold', () => {
    const said: string[] = [];
    const refused = countedRefusals((message) => said.push(message));
    for (let at = 1; at <= 12_345; at += 1) refused(`number ${at}`);
    expect(said).toEqual([
      ...[1, 2, 3].map((at) => `the listener refused number ${at}`),
      ...[10, 100, 1000, 10_000].map(
        (at) => `the listener has refused ${at} calls in this run, the latest: number ${at}`,
      ),
    ]);
  });

  it('S10: includes reports whose token is right and which are refused all the same, without the token', async () => {
    const reasons: string[] = [];
    const {agentFolder, end} = await openDesk();
    const onRefused = (reason: string): void => void reasons.push(reason);
    const open = createReportDeskOpener({agentFolder, onRefused, onReportRefused: onRefused});
    const desk = await open({bind: '127.0.0.1', port: 0, names: ['127.0.0.1']});
    const caller = new Caller(desk);
    try {
      const ticket = desk.issue('run-1');
      ticket.expectServer(SERVER);
      const other = {server: '11111111-2222-4333-8444-555555555555'};
      await expect(caller.call('Report', goodReport(ticket.token, {}, other))).rejects.toThrow();
      await expect(caller.call('Report', goodReport('0'.repeat(64)))).rejects.toThrow();
      expect(reasons).toHaveLength(2);
      expect(reasons.join('\n')).toContain('a call for the server');
      expect(reasons.join('\n')).toContain('a wrong token');
      expect(reasons.join('\n')).not.toContain(ticket.token);
    } finally {
      caller.close();
      await desk.close();
      await end();
    }
  });
});
