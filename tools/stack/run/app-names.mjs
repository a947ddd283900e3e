/** The apps of the suite, in the order they are shown. */
export const appNames = ['inventory-api', 'lease-validator', 'reservation-worker', 'pool-monitor'];
