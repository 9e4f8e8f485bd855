// isolated: it listens to the warnings of the process
import {spawnSync} from 'node:child_process';
import {join} from 'node:path';
import {DatabaseSync} from 'node:sqlite';
import {describe, expect, it} from 'vitest';
import {sharedFileSystem} from '../../../src/history/file-system.ts';
import {MIGRATIONS, SCHEMA_VERSION, migrate, schemaVersion} from '../../../src/history/schema.ts';
import {inTransaction, sqliteRefusal} from '../../../src/history/sqlite.ts';
import {useFolder} from '../build/folder.ts';

const folder = useFolder();

describe('node:sqlite', () => {
  it('is loaded without its warning, and every other warning is given', () => {
    const module = join(import.meta.dirname, '../../../src/history/sqlite.ts');
    const program = `
      import {loadSqlite} from ${JSON.stringify(module)};
      const {DatabaseSync} = loadSqlite();
      new DatabaseSync(':memory:').close();
      process.emitWarning('another one');`;
    const flags = ['--experimental-strip-types', '--input-type=module'];
    const {stderr, status} = spawnSync(process.execPath, [...flags, '-e', program], {encoding: 'utf8'});
    expect([status, stderr]).toEqual([0, expect.stringContaining('another one')]);
    expect(stderr).not.toContain('SQLite');
  });

  it('takes a transaction back when something in it fails', () => {
    const db = new DatabaseSync(':memory:');
    db.exec('CREATE TABLE x (y)');
    const fails = (): void => {
      inTransaction(db, () => {
        db.exec('INSERT INTO x VALUES (1)');
        throw new Error('no');
      });
    };
    expect(fails).toThrow('no');
    expect(db.prepare('SELECT count(*) AS n FROM x').get()).toEqual({n: 0});
  });

  it('says what a refusal means; other errors are none', () => {
    const db = new DatabaseSync(':memory:');
    const refusal = (sql: string): unknown => {
      try {
        db.exec(sql);
      } catch (error) {
        return sqliteRefusal(error);
      }
      return 'nothing';
    };
    expect(refusal('SELECT * FROM nothing')).toBe('io');
    expect(refusal("ATTACH '/nothing/here/x' AS y; CREATE TABLE y.z (a)")).toBe('denied');
    expect(sqliteRefusal(new Error('x'))).toBeUndefined();
    expect(sqliteRefusal('x')).toBeUndefined();
  });
});

describe('the version of the tables', () => {
  it('goes step by step to the newest, and never back', () => {
    const db = new DatabaseSync(join(folder.path(), 'x.sqlite'));
    migrate(db, ['CREATE TABLE a (x)']);
    expect(schemaVersion(db)).toBe(1);
    migrate(db, ['CREATE TABLE a (x)', 'ALTER TABLE a ADD y']);
    expect(schemaVersion(db)).toBe(2);
    migrate(db, ['CREATE TABLE a (x)']);
    expect(schemaVersion(db)).toBe(2);
    db.exec('INSERT INTO a (x, y) VALUES (1, 2)');
    db.close();
  });

  it('keeps what an error said where rows of the first version have it as their reason', () => {
    const db = new DatabaseSync(':memory:');
    migrate(db, MIGRATIONS.slice(0, 1));
    db.exec(
      `INSERT INTO actions VALUES (1, 'c', 'd', 'a', 'acquire', NULL, NULL, 'why', 'FAILED', 'uploading', 'QUOTA: full', 1, 2, 3, 4, 0)`,
    );
    migrate(db);
    expect(db.prepare('SELECT phase, reason, message, bytes, percent FROM actions').get()).toEqual({
      ...{phase: 'uploading', reason: null, message: 'QUOTA: full', bytes: 3, percent: null},
    });
    db.close();
  });

  it('stays where a step fails', () => {
    const db = new DatabaseSync(':memory:');
    expect(() => migrate(db, ['CREATE TABLE a (x)', 'nonsense'])).toThrow(/nonsense/);
    expect(schemaVersion(db)).toBe(0);
    migrate(db);
    expect(schemaVersion(db)).toBe(SCHEMA_VERSION);
  });
});

describe('a file system that other hosts may have', () => {
  it.each([
    [0x6969, 'nfs'],
    [0xff534d42, 'cifs'],
    // As a signed number of 32 bits.
    [0xff534d42 | 0, 'cifs'],
    [0x65735546, 'fuse'],
    [0xef53, undefined],
    [0x01021994, undefined],
  ])('of type %i is %s', (type, name) => {
    expect(sharedFileSystem(type)).toBe(name);
  });
});
