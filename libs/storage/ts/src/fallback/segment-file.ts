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
  }

  sync(done: (error: Error | null) => void): void {
    this.syncing++;
    fs.fdatasync(this.fd, (error) => {
      this.syncing--;
      this.closeIdle();
      done(error);
    });
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
