export {countedRefusals} from './refusals.ts';
export {createReportDeskOpener, type DeskLimits, type DeskOptions} from './report-desk.ts';
export {userData, type UserDataOptions} from './user-data.ts';
