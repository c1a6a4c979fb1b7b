// Names for the contract's schemas. Nothing is described twice: every shape
// here is one of schema.d.ts, which is generated from api/openapi.yaml.
import type { components } from './schema';

type Schemas = components['schemas'];

export type Adaptation = Schemas['Adaptation'];
export type AnswerPrediction = Schemas['AnswerPrediction'];
export type AreaForecast = Schemas['AreaForecast'];
export type AreaLevel = Schemas['AreaLevel'];
export type Caller = Schemas['Caller'];
export type Catalogue = Schemas['Catalogue'];
export type CoachedLearner = Schemas['CoachedLearner'];
export type CoachedLearners = Schemas['CoachedLearners'];
export type Contribution = Schemas['Contribution'];
export type Control = Schemas['Control'];
export type Explanation = Schemas['Explanation'];
export type Feedback = Schemas['Feedback'];
export type Goal = Schemas['Goal'];
export type GoalForecast = Schemas['GoalForecast'];
export type LearningPath = Schemas['LearningPath'];
export type Level = Schemas['Level'];
export type Pace = Schemas['Pace'];
export type PathStep = Schemas['PathStep'];
export type PersonalizationProfile = Schemas['PersonalizationProfile'];
export type Problem = Schemas['Problem'];
export type Profiling = Schemas['Profiling'];
export type ProgressAnalytics = Schemas['ProgressAnalytics'];
export type Recommendation = Schemas['Recommendation'];
export type RecommendationSet = Schemas['RecommendationSet'];
export type RecordedEvent = Schemas['RecordedEvent'];
export type RecordedEvents = Schemas['RecordedEvents'];
export type ReviewQueue = Schemas['ReviewQueue'];
export type SkillPredictions = Schemas['SkillPredictions'];
export type Standing = Schemas['Standing'];
export type StatedMembers = Schemas['StatedMembers'];
export type WhatIf = Schemas['WhatIf'];
