/** Rows of jobs, live: `data-job` names one. What a row shows once its job has ended comes from the job itself. */

import {rest} from '../shared/rest.js';

/** Milliseconds: what is told may not arrive, and the job is the truth. */
const LOOK_EVERY = 5_000;

/** @typedef {{id: string, status: string, progress: number, note: string | null, result?: {file_url?: string, file_name?: string, row_count?: number} | null}} Job */

/** @param {ParentNode} root */
export async function liveJobs(root) {
  if (!root.querySelector('[data-job]')) return;
  const look = () => rows(root).forEach((row) => void renew(row.dataset.job ?? ''));
  setInterval(look, LOOK_EVERY);
  const {connect} = await import('../shared/connection.js');
  connect({
    namespace: '/agent',
    onState(state) {
      if (state === 'online') look();
    },
    onEvent(name, body) {
      if (name === 'job.updated') void (body.status === 'running' ? show(body) : renew(body.id));
    },
  }).start();
}

/** Those whose bar still moves. @param {ParentNode} root @returns {NodeListOf<HTMLElement>} */
function rows(root) {
  return root.querySelectorAll('[data-job]:has(progress)');
}

/** @param {string} id */
async function renew(id) {
  if (!rowOf(id)) return;
  const answer = await rest('GET', `/api/v1/jobs/${id}`).catch(() => null);
  if (answer) show(answer.job);
}

/** @param {Job} job */
function show(job) {
  const row = rowOf(job.id);
  const bar = row?.querySelector('progress');
  const note = row?.querySelector('[data-note]');
  if (!row || !bar || !note) return;
  bar.value = job.progress;
  note.textContent = job.note ?? (job.status === 'pending' ? 'waiting' : 'running');
  if (job.status !== 'pending' && job.status !== 'running') end(row, bar, note, job);
}

/** @param {HTMLElement} row @param {Element} bar @param {Element} note @param {Job} job */
function end(row, bar, note, job) {
  if (row.hasAttribute('data-reload')) location.reload();
  bar.remove();
  row.querySelector('form')?.remove();
  note.textContent = {completed: 'Done', failed: 'Failed', cancelled: 'Called off'}[job.status] ?? job.status;
  if (!job.result?.file_url) return;
  note.textContent = `${(job.result.row_count ?? 0).toLocaleString('en')} tickets`;
  const link = document.createElement('a');
  link.className = 'btn is-small';
  link.href = job.result.file_url;
  link.download = job.result.file_name ?? '';
  link.textContent = 'Download';
  row.append(link);
}

/** @param {string} id @returns {HTMLElement | null} */
function rowOf(id) {
  return document.querySelector(`[data-job="${CSS.escape(id)}"]`);
}
