// SPDX-License-Identifier: Apache-2.0
// Runs one SQL query in DuckDB: rows as CSV to stdout, time and memory as JSON to stderr.
import { DuckDBInstance } from '@duckdb/node-api';
import { readFileSync } from 'node:fs';

const sql = readFileSync(process.argv[2], 'utf8');
const instance = await DuckDBInstance.create(':memory:', { threads: process.argv[3] ?? '2' });
const connection = await instance.connect();
const cpu = process.cpuUsage();
const start = process.hrtime.bigint();
const reader = await connection.runAndReadAll(sql);
const rows = reader.getRows();
const seconds = Number(process.hrtime.bigint() - start) / 1e9;
const used = process.cpuUsage(cpu);
process.stdout.write(rows.map((r) => r.join(',')).join('\n') + '\n');
process.stderr.write(
  JSON.stringify({
    seconds,
    cpu: (used.user + used.system) / 1e6,
    rss_kib: process.resourceUsage().maxRSS,
  }) + '\n');
