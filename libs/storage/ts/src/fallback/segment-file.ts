/** The file of the segment that is written. A sync may be under way on a thread while the log goes on to the next file. */

import * as fs from 'node:fs';

import { writeFull } from './system';

export class SegmentFile {
  private syncing = 0;
  private isClosed = false;

  constructor(private readonly fd: number) {}

  write(bytes: Uint8Array, offset: number): void {
    writeFull(this.fd, bytes, offset);
  }

  syncSync(): void {
    fs.fdatasyncSync(this.fd);
    this.assertNamed();
  }

  sync(done: (error: Error | null) => void): void {
    this.syncing++;
    fs.fdatasync(this.fd, (error) => {
      this.syncing--;
      const problem = error ?? this.problem();
      this.closeIdle();
      done(problem);
    });
  }

  private problem(): Error | null {
    try {
      this.assertNamed();
      return null;
    } catch (error) {
      return error as Error;
    }
  }

  /** A segment that is finished may be pruned meanwhile; one that is not was removed by somebody else: nobody can find it any more. */
  private assertNamed(): void {
    if (this.isClosed || fs.fstatSync(this.fd).nlink > 0) return;
    throw Object.assign(new Error('somebody removed the file while the store was open'), { code: 'ENOENT' });
  }

  truncate(end: number): void {
    fs.ftruncateSync(this.fd, end);
  }

  /** At once, or when the sync that is under way has ended: its number must not become another file's meanwhile. */
  close(): void {
    this.isClosed = true;
    this.closeIdle();
  }

  private closeIdle(): void {
    if (this.isClosed && this.syncing === 0) fs.closeSync(this.fd);
  }
}
