import {describe, expect, it} from 'vitest';
import {fakeIo} from '../../cli/fake-io.ts';
import {createConfirm} from '../../../src/cli/confirm.ts';
import type {OutputFormat} from '../../../src/cli/invocation.ts';

const IMAGES = [
  {id: '91bc', name: 'AlmaLinux 9 (1)'},
  {id: '3f2a', name: 'evil\u001b[2J'},
];

function question({tty = true, format = 'human'}: {readonly tty?: boolean; readonly format?: OutputFormat} = {}) {
  const io = fakeIo({tty});
  const controller = new AbortController();
  let held = 0;
  const hold = (): (() => void) => {
    held++;
    return () => {
      held--;
    };
  };
  const confirm = createConfirm({io, format, hold, signal: controller.signal});
  return {io, controller, confirm, held: () => held};
}

describe('the question before a deletion', () => {
  it('is not asked where nobody sits in front of a terminal, or machines read', () => {
    expect(question({tty: false}).confirm).toBeUndefined();
    expect(question({format: 'json'}).confirm).toBeUndefined();
    expect(question({format: 'junit'}).confirm).toBeUndefined();
  });

  it('U2: names the cloud, and the reason of each image', async () => {
    const {io, confirm} = question();
    const answer = confirm?.([{id: '91bc', name: 'X (1)', reason: 'retention over: keeps last-1'}], 'admin');
    io.input.write('n\n');
    expect(await answer).toBe(false);
    expect(io.err()).toBe(
      'This image on cloud admin will be deleted:\n  91bc  X (1): retention over: keeps last-1\nDelete? [y/N] ',
    );
  });

  it('lists every image first, cleaned, on stderr, while nothing else moves there', async () => {
    const {io, confirm, held} = question();
    const answer = confirm?.(IMAGES, 'admin');
    expect(held()).toBe(1);
    io.input.write('y\n');
    expect(await answer).toBe(true);
    expect(io.err()).toBe(
      'These 2 images on cloud admin will be deleted:\n  91bc  AlmaLinux 9 (1)\n  3f2a  evil?[2J\nDelete? [y/N] ',
    );
    expect(io.out()).toBe('');
    expect(held()).toBe(0);
  });

  it.each([
    ['yes', true],
    ['Y', true],
    ['', false],
    ['n', false],
    ['yess', false],
  ])('takes %j as %s', async (typed, expected) => {
    const {io, confirm} = question();
    const answer = confirm?.(IMAGES, 'admin');
    io.input.write(`${typed}\n`);
    expect(await answer).toBe(expected);
  });

  it('takes the end of input as no', async () => {
    const {io, confirm} = question();
    const answer = confirm?.(IMAGES, 'admin');
    io.input.end();
    expect(await answer).toBe(false);
  });

  it('ends with an interruption, as no', async () => {
    const {controller, confirm} = question();
    const answer = confirm?.(IMAGES, 'admin');
    controller.abort();
    expect(await answer).toBe(false);
  });
});
