import {
  ask,
  ASKERS,
  ClaimStage,
  SCENES,
  told,
  type Asker,
  type Scene,
  type Staged,
} from './claim-scene.fixture';

/** All members of an answer, `status` and `code` among them. */
type Told = Record<string, unknown>;
type Cell = Told | ((staged: Staged) => Told);

/** What a command comes to: asked for the tenant whose number it is or was, and for another. */
export type ClaimTable = Record<Scene, { own: Cell; anothers: Cell }>;

/** The same, whoever asks. */
export const toAll = (cell: Cell) => ({ own: cell, anothers: cell });

export const invalidState = (state: string, ownedByCaller = false): Told => ({
  ...{ status: 409, code: 'INVALID_STATE', state, ownedByCaller },
});

const FOR_NOBODY: Told = { status: 403, code: 'TENANT_MISMATCH' };

const rows = SCENES.flatMap((scene) =>
  ASKERS.map(([asker, whose]) => [scene, asker, whose] as const),
);

/** Every scene × everybody who may ask: the whole answer, and nothing else happens. */
export function proveTable(
  title: string,
  command: 'reserve' | 'hold' | 'release',
  table: ClaimTable,
): void {
  describe(title, () => {
    const stage = new ClaimStage();
    beforeAll(() => stage.open());
    afterAll(() => stage.close());

    it.each(rows)('%s, asked by %s', async (scene, asker, whose) => {
      const staged = await stage.put(scene);
      const cell = whose === 'nobodys' ? FOR_NOBODY : table[scene][whose];
      const wanted = typeof cell === 'function' ? cell(staged) : cell;
      const before = await writtenByCallers(stage, staged.number);
      const answer = await ask(stage, asker, staged.number, command);
      expect(told(answer)).toEqual(wanted);
      const isDone = answer.status < 300;
      expect(await writtenByCallers(stage, staged.number)).toBe(before + (isDone ? 1 : 0));
      if (whose !== 'own') expectNoSecret(stage, asker, staged, answer);
    });
  });
}

/** What a worker sweeps meanwhile does not count. */
async function writtenByCallers({ suite }: ClaimStage, number: string): Promise<number> {
  const [row] = await suite.sql<{ n: number }>(
    `SELECT count(*)::integer AS n
       FROM numbering.audit_log
      WHERE identifier = $1
        AND action NOT IN ('TTL_EXPIRE', 'QUARANTINE_END')`,
    [number],
  );
  return row?.n ?? 0;
}

function expectNoSecret(
  { holder }: ClaimStage,
  asker: Asker,
  { leaseId = holder.id }: Staged,
  { headers, body }: { headers: Headers; body: object },
): void {
  const text = JSON.stringify([asker, [...headers], body]);
  for (const secret of [holder.id, holder.sub, leaseId]) expect(text).not.toContain(secret);
}
