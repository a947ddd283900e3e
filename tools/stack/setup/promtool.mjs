import { askCommand } from '../base/commands.mjs';
import { describeFailure, StackFailure } from '../base/failure.mjs';
import { installPackages } from './system-packages.mjs';

/**
 * Gets Prometheus' tool for its rules where it is missing. Only a test of the alert rules needs it: where it cannot be
 * had, that test fails and no other.
 */
export async function ensurePromtool(context) {
  if (await askCommand('promtool', ['--version'])) return;
  try {
    await installPackages({ packages: ['prometheus'], purpose: 'promtool', context });
  } catch (error) {
    if (!(error instanceof StackFailure)) throw error;
    context.say(describeFailure(error));
  }
}
